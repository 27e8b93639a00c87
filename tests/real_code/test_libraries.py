"""What workflow code does with libraries for images, metrics and tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real_code.checked import surprises


@pytest.mark.parametrize(
    ("imported", "statement", "effect"),
    [
        ("from PIL import Image", 'Image.new("RGB", (1, 1)).save("a.png")', "filesystem"),
        ("from PIL import Image", 'Image.new("RGB", (1, 1)).resize((2, 2)).save("a.png")', "filesystem"),
        ("from PIL import Image", 'Image.new("RGB", (1, 1)).effect_spread(3)', "random"),
        ("from PIL import Image", 'Image.new("RGB", (1, 1)).convert("L").getbbox()', ""),
        (
            "from prometheus_client import REGISTRY, write_to_textfile",
            'write_to_textfile("metrics.prom", REGISTRY)',
            "filesystem",
        ),
        (
            "from prometheus_client.exposition import push_to_gateway",
            'push_to_gateway("gateway:9091", "job", None)',
            "network",
        ),
        ("from prometheus_client import Counter", 'Counter("runs", "Runs").inc()', ""),
        ("from jose import jwe", 'jwe.encrypt("text", "key")', "random"),
        ("from jose import jwe", 'jwe.decrypt("text", "key")', ""),
    ],
)
def test_what_leaves_the_process_or_is_drawn_by_a_library_is_found(
    tmp_path: Path, imported: str, statement: str, effect: str
) -> None:
    text = f"""\
from temporalio import workflow

{imported}


@workflow.defn
class Flow:
    @workflow.run
    async def run(self) -> None:
        {statement}{f"  # expect: {effect}" if effect else ""}
"""
    assert surprises(tmp_path, flow=text) == set()
