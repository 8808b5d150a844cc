"""What we show others works: every YAML example of the pages, and the manifests of the demo."""

import re
from pathlib import Path

import pytest

from tulle.agent.host.declared import Declared, read_file
from tulle.codec import decode

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOR_THE_AGENT = re.compile(r"\s*# file: workloads\.d/")
MANIFESTS = sorted((ROOT / "src/tulle/demo/manifests").glob("*.yaml"))


def examples(page: Path) -> list[str]:
    """The YAML blocks of a page, on the lines they stand on."""
    text = page.read_text()
    blocks = re.finditer(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return ["\n" * text.count("\n", 0, block.start(1)) + block[1] for block in blocks]


@pytest.mark.parametrize(
    ("page", "example"),
    [
        pytest.param(page, example, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, example in enumerate(examples(page))
    ],
)
def test_an_example_of_a_page_is_read_without_a_word(
    page: Path, example: str, tmp_path: Path
) -> None:
    if FOR_THE_AGENT.match(example):
        file = tmp_path / "workload.yaml"
        file.write_text(example)
        assert isinstance(read_file(file), Declared)
        return
    decoded = decode.read(example, page.name)

    assert [str(problem) for problem in decoded.problems] == []
    assert decoded.items


def test_the_manifests_of_the_demo_are_read_without_a_word() -> None:
    decoded = decode.read_files([(file.name, file.read_text()) for file in MANIFESTS])

    assert [str(problem) for problem in decoded.problems] == []
    assert len(decoded.items) >= 10
