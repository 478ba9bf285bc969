"""What the README tells people to type works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)


def test_its_pipeline_commands_and_python_run(tmp_path: Path) -> None:
    (pipeline,) = blocks("json")
    (tmp_path / "pipeline.json").write_text(pipeline)
    lines = [line.removeprefix("$ ") for line in "".join(blocks("console")).splitlines()]
    commands = [line for line in lines if line.startswith(("printf ", "odibi-core "))]
    assert len(commands) >= 6
    here = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": f"{here}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(
            [shutil.which("sh") or "/bin/sh", "-c", command],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    (script,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0 and "Success: 3 | Failed: 0" in done.stdout, done.stderr
