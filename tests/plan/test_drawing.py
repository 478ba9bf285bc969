"""The graph as text for Mermaid and Graphviz: every step and dataset, and nothing of it taken for syntax."""

from odibi_core.core import Step
from odibi_core.plan.drawing import ColumnEdge, dot, dot_columns, edges, mermaid, mermaid_columns
from odibi_core.plan.graph import Graph

NASTY = 'a"]; end\n<b>#`\\ "x'
STEPS = [
    Step("connect", "warehouse", value="w.db"),
    Step("ingest", "read", value="x", params={"connection": "warehouse"}, outputs={"data": "raw"}),
    Step("transform", NASTY, "sql", inputs={"d": "raw"}, outputs={"data": 'k"ey'}),
    Step("store", "write", value="out.csv", inputs={"d": 'k"ey'}),
    Step("store", "write", value="again.csv", inputs={"d": "raw"}),
]


def test_an_edge_a_dataset_and_one_without_for_a_connection():
    assert edges(Graph(STEPS), STEPS) == [
        ("warehouse", "read", None), ("read", NASTY, "raw"), (NASTY, "write", 'k"ey'),
    ]  # fmt: skip


def test_mermaid_has_layers_steps_and_datasets():
    assert mermaid(Graph(STEPS), STEPS) == (
        "flowchart LR\n"
        '  subgraph layer_0["connect"]\n    s0(("warehouse"))\n  end\n'
        '  subgraph layer_1["ingest"]\n    s1[("read")]\n  end\n'
        '  subgraph layer_2["transform"]\n'
        '    s2["a#quot;]; end #lt;b#gt;#35;#96;\\ #quot;x"]\n  end\n'
        '  subgraph layer_3["store"]\n    s3[("write")]\n  end\n'
        '  s0 -.-> s1\n  s1 -->|"raw"| s2\n  s2 -->|"k#quot;ey"| s3\n'
    )


def test_dot_quotes_what_people_write():
    text = dot(Graph(STEPS), STEPS, name='my "own"', direction="TB")
    assert 'digraph "my \\"own\\"" {\n  rankdir=TB;' in text
    assert '"a\\"]; end <b>#`\\\\ \\"x" [shape=box];' in text
    assert '"warehouse" -> "read" [style=dashed];' in text
    assert '"read" -> "a\\"]; end <b>#`\\\\ \\"x" [label="raw"];' in text


def test_columns_are_drawn_by_dataset():
    datasets = {"raw": ("a", "b"), "sums": ("total",)}
    columns = [ColumnEdge(("raw", "a"), ("sums", "total"), "aggregation")]
    assert mermaid_columns(datasets, columns) == (
        'flowchart LR\n  subgraph d0["raw"]\n    d0_0["a"]\n    d0_1["b"]\n  end\n'
        '  subgraph d1["sums"]\n    d1_0["total"]\n  end\n  d0_0 ==> d1_0\n'
    )
    assert "  d0_0 -> d1_0 [style=bold];" in dot_columns(datasets, columns)
