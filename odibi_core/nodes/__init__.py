"""The nodes: what carries out a step, one class a layer."""

from odibi_core.core.node import NodeBase
from odibi_core.nodes.connect_node import ConnectNode
from odibi_core.nodes.ingest_node import IngestNode
from odibi_core.nodes.publish_node import PublishNode
from odibi_core.nodes.runtime import NodeRuntime
from odibi_core.nodes.store_node import StoreNode
from odibi_core.nodes.transform_node import TransformNode

NODE_REGISTRY: dict[str, type[NodeBase]] = {
    "connect": ConnectNode,
    "ingest": IngestNode,
    "transform": TransformNode,
    "store": StoreNode,
    "publish": PublishNode,
}

__all__ = [
    "NODE_REGISTRY",
    "ConnectNode",
    "IngestNode",
    "NodeRuntime",
    "PublishNode",
    "StoreNode",
    "TransformNode",
]
