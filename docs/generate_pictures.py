"""Makes the pictures of the README and the pages: runs the sample pipelines and takes the screens as SVG.

Usage: python docs/generate_pictures.py   (from the project's root, after `make samples`)
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from odibi_tui.app import OdibiApp
from odibi_tui.reading import read
from odibi_tui.session import Session

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
SIZE = (120, 34)


async def _take(config: str, name: str, *keys: str, run: bool = False) -> None:
    """Opens a config, presses keys (after a run, if asked for), and writes the screen as an SVG file."""
    session = Session(source=Path(config), base_dir=Path(), log_dir=Path("tracker_logs"))
    reading = session.checking.structure(read(session.source))
    session.adopt(session.checking.whole(reading))
    app = OdibiApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        if run:
            await pilot.press("r")
            for _ in range(200):
                await pilot.pause(0.1)
                if session.record is not None and not session.record.is_live and session.handle is None:
                    break
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await pilot.pause(1.0)
        app.clear_notifications()
        await pilot.pause(0.3)
        svg = app.export_screenshot(title=f"odibi-tui {config}")
    # The fonts' address would be asked for by whoever looks at the picture; any monospaced font will do.
    svg = re.sub(r"@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)
    (IMAGES / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"made docs/images/{name}.svg")


async def _take_all() -> None:
    await _take("simple_pipeline.json", "data", "down", "down", "3", "]", run=True)
    await _take("retail_pipeline.json", "run", run=True)
    await _take("broken_pipeline.json", "pipeline", "n", "n", "n", "n")
    retail = Path("retail_pipeline.json").read_text(encoding="utf-8")
    Path("retail.json").write_text(
        retail.replace("quantity, unit_price", "quantiti, unit_price"), encoding="utf-8"
    )
    await _take("retail.json", "check", "n")
    await _take("retail_pipeline.json", "history", "4", run=True)


def main() -> None:
    """Makes every picture, in a copy of the samples, so that no path of this machine is in one."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "samples"
        shutil.copytree(ROOT / "sample_configs", copy, ignore=shutil.ignore_patterns("tracker_logs", "out"))
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = scratch
        with contextlib.chdir(copy):
            asyncio.run(_take_all())


if __name__ == "__main__":
    main()
