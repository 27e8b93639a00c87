"""What a file needs is imported where a person would put it."""

from __future__ import annotations

import ast

import libcst as cst
import pytest

from color_checker.fixes import apply
from color_checker.fixes.code import Code
from color_checker.fixes.imports import Imports


def _added(text: str, *names: str) -> str:
    for name in names:
        code = Code(text)
        named = Imports(code, "a.py", ("shop",)).express(name, code.module)
        assert named is not None
        text = apply(named.edits, lambda path, text=text: text).get("a.py", text)  # type: ignore[misc]
    ast.parse(text)
    return text


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("x = 1\n", "datetime:timedelta", "from datetime import timedelta\n\n\nx = 1\n"),
        ('"""Doc."""\n', "time", '"""Doc."""\n\nimport time\n'),
        ('"""Doc."""', "time", '"""Doc."""\n\nimport time\n'),
        ("#!/bin/python\n# c\nx = 1\n", "time", "#!/bin/python\n# c\nimport time\n\n\nx = 1\n"),
        (
            "from __future__ import annotations\n\nx = 1\n",
            "time",
            "from __future__ import annotations\n\nimport time\n\nx = 1\n",
        ),
        ("import os\nimport sys\n", "re", "import os\nimport re\nimport sys\n"),
        ("import os  # c\n", "temporalio.workflow", "import os  # c\n\nfrom temporalio import workflow\n"),
        ("import shop\n", "temporalio.workflow", "from temporalio import workflow\n\nimport shop\n"),
        ("from a import b\n", "temporalio.workflow", "from a import b\nfrom temporalio import workflow\n"),
        ("from math import cos, tan\n", "math:sin", "from math import cos, sin, tan\n"),
        ("from math import tan, cos\n", "math:sin", "from math import tan, cos, sin\n"),
        (
            "from datetime import (\n    date,  # a\n    tzinfo,  # b\n)\n",
            "datetime:timedelta",
            "from datetime import (\n    date,  # a\n    timedelta,\n    tzinfo,  # b\n)\n",
        ),
        (
            "from datetime import (\n    date,\n    datetime,  # b\n)\n",
            "datetime:timedelta",
            "from datetime import (\n    date,\n    datetime,  # b\n    timedelta,\n)\n",
        ),
        ("import os\r\nx = 1\r\n", "re", "import os\r\nimport re\r\nx = 1\r\n"),
        ("if a:\n    import re\n", "time", "import time\n\n\nif a:\n    import re\n"),
    ],
)  # fmt: skip
def test_an_import_is_put_in_its_place(before: str, name: str, after: str) -> None:
    assert _added(before, name) == after
    assert _added(after, name) == after


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("import datetime as dt\n", "datetime:timedelta", "dt.timedelta"),
        ("import datetime\n", "datetime:timedelta", "datetime.timedelta"),
        ("from temporalio import workflow as w\n", "temporalio.workflow", "w"),
        ("import temporalio.workflow\n", "temporalio.workflow", "temporalio.workflow"),
        ("from runtime_min import now\n", "runtime_min:now", "now"),
        ("timedelta = 1\n", "datetime:timedelta", "datetime.timedelta"),
        (
            "if TYPE_CHECKING:\n    from datetime import timedelta\n",
            "datetime:timedelta",
            "datetime.timedelta",
        ),
    ],
)
def test_names_that_are_there_are_used(text: str, name: str, expected: str) -> None:
    code = Code(text)
    named = Imports(code, "a.py").express(name, code.module)
    assert named is not None
    assert named.text == expected


def test_there_is_no_name_where_all_are_taken() -> None:
    code = Code("timedelta = datetime = 1\n")
    assert Imports(code, "a.py").express("datetime:timedelta", code.module) is None


def test_a_name_means_its_import_only_where_nothing_hides_it() -> None:
    code = Code("import time\ndef f(time):\n    time.time()\ndef g():\n    time.time()\n")
    found = [node.func for node in _calls(code.module)]
    assert [Imports(code, "a.py").resolve(func) for func in found] == ["", "time.time"]


def _calls(node: cst.CSTNode) -> list[cst.Call]:
    below = [call for child in node.children for call in _calls(child)]
    return [node, *below] if isinstance(node, cst.Call) else below
