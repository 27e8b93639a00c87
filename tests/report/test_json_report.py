"""The JSON format: the exact bytes of the contract."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec

from color_checker.findings import InputError, Report, Summary
from color_checker.report.json_report import encode
from tests.report.samples import REPORT, finding

EXPECTED = (
    b'{"version":1,"findings":[{"code":"CC201","name":"clock","severity":"error","path":"app/trial.py",'
    b'"line":4,"column":19,"end_line":4,"end_column":33,"message":"Reads it.",'
    b'"function":"app.trial.ProTrial.run","color":"workflow","engine":"temporal","effect":"clock",'
    b'"witness":[{"function":"app.trial.ProTrial.run","path":"app/trial.py","line":4,"column":19},'
    b'{"function":"datetime.datetime.now","path":"app/trial.py","line":4,"column":19}],"fix":false,'
    b'"workflows":[]}],"summary":{"files":1,"lines":0,"functions":0,"workflows":0,"steps":0,"calls":0,'
    b'"gaps":0,"suppressed":0,"seconds":null},"errors":[{"path":"b.py","line":1,"column":2,'
    b'"reason":"invalid syntax"}],"gaps":[]}\n'
)


def test_the_bytes_are_the_contract() -> None:
    report = Report(
        findings=(finding(message="Reads it."),),
        errors=(InputError("b.py", 1, 2, "invalid syntax"),),
        summary=Summary(files=1, seconds=0.3),
    )
    assert encode(report) == EXPECTED


def test_the_seconds_are_there_when_asked_for() -> None:
    assert json.loads(encode(REPORT, seconds=True))["summary"]["seconds"] == 0.41
    assert json.loads(encode(REPORT))["summary"]["seconds"] is None


def test_findings_and_errors_are_sorted_whatever_their_order() -> None:
    backwards = msgspec.structs.replace(REPORT, findings=REPORT.findings[::-1], errors=REPORT.errors[::-1])
    assert encode(backwards) == encode(REPORT)


def test_an_undecodable_file_name_does_not_break_the_json() -> None:
    report = Report(errors=(InputError("a\udcff.py", 1, 1, "invalid UTF-8"),))
    assert json.loads(encode(report).decode())["errors"][0]["path"] == "a\\udcff.py"


def test_json_does_not_pay_for_rich() -> None:
    code = (
        "import sys; from color_checker.findings import Report; from color_checker.report import render\n"
        "render(Report(), 'json', stream=sys.stdout); render(Report(), 'sarif', stream=sys.stdout)\n"
        "render(Report(), 'github', stream=sys.stdout)\n"
        "assert not any(name.split('.')[0] == 'rich' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
