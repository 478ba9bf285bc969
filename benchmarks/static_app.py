"""A static Textual application: what the start of Odibi is measured against. Frozen; do not change."""

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Footer, Header, Static, TabbedContent, TabPane, Tree

LAYERS = {
    "ingest": ["read_sample_csv"],
    "transform": ["filter_high_value", "aggregate_by_category"],
    "store": ["write_filtered_parquet", "write_aggregated_json"],
}


class StaticApp(App[None]):
    CSS = "Tree { width: 40; }"
    BINDINGS = [("q", "quit", "quit"), ("r", "run", "run"), ("slash", "filter", "filter")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Header()
        with Horizontal():
            tree: Tree[None] = Tree("steps")
            tree.root.expand()
            for layer, steps in LAYERS.items():
                node = tree.root.add(layer, expand=True)
                for step in steps:
                    node.add_leaf(step)
            yield tree
            with TabbedContent():
                with TabPane("Config"):
                    yield Static("config")
                with TabPane("Graph"):
                    yield Static("graph")
                with TabPane("Preview"):
                    yield Static("preview")
        yield Footer()


if __name__ == "__main__":
    StaticApp().run()
