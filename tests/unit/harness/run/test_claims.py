import pytest

from clusters.errors import UsageError
from harness.run.claims import Claim, ClaimRecorder, combine, read_claims
from reports.model import Verdict

CLAIM = Claim("16.1", "round robin", ("a", "b"))


def file_of(tmp_path, text):
    file = tmp_path / "claims.toml"
    file.write_text(text)
    return file


def entry(claim="1.1", **other):
    fields = {"id": claim, "text": "so", "cases": ["a"], **other}
    return "[[claim]]\n" + "".join(f"{name} = {value!r}\n" for name, value in fields.items())


def test_claims_are_sorted_by_number(tmp_path):
    claims = read_claims(file_of(tmp_path, entry("15.1") + entry("2.5")))
    assert [claim.id for claim in claims] == ["2.5", "15.1"]


def test_a_result_has_the_question_and_the_advice_for_its_verdict(tmp_path):
    text = '[questions]\n16 = "How is one chosen?"\n' + entry("16.1") + 'advice.refuted = "Expect chance."\n'
    (claim,) = read_claims(file_of(tmp_path, text))
    (refuted,), (confirmed,) = (combine([claim], recorded("a", verdict), {}) for verdict in (False, True))
    assert (refuted.question, refuted.advice) == ("How is one chosen?", "Expect chance.")
    assert confirmed.advice == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry() + "\n" + entry(text=""), r"claims\.toml, line 6: a claim needs 'text'"),
        (entry() + entry(), r"line 5: claim 1\.1 appears twice"),
        (entry("one"), "line 1: 'one' is not a claim number"),
        (entry(wight=1), r"line 1: unknown entries \['wight'\]"),
        (entry() + 'advice.doubtful = "Wait."', r"line 1: advice is by verdict \(confirmed, refuted"),
        ("[[claim]\n", r"claims\.toml: .*line 1"),
    ],
)
def test_an_invalid_file_is_refused_with_the_line_number(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        read_claims(file_of(tmp_path, text))


def recorded(case, verdict):
    """Return the verdicts of a case that confirms or refutes claim 16.1."""
    recorder = ClaimRecorder(case, ["16.1"])
    recorder.decide("16.1", verdict, f"{case} saw it.")
    return recorder.recorded


def combined(*verdicts, undecided=()):
    """Return the result of claim 16.1 from the verdicts of several cases."""
    (result,) = combine([CLAIM], [one for many in verdicts for one in many], {"16.1": undecided} if undecided else {})
    return result


def test_one_refutation_outweighs_any_confirmation():
    result = combined(recorded("a", True), recorded("b", False))
    assert result.verdict is Verdict.REFUTED
    assert result.evidence == "a saw it. b saw it."
    assert result.cases == ("a", "b")


def test_a_claim_without_a_verdict_is_untested():
    assert combined().verdict is Verdict.UNTESTED
    assert combined().condition == "no case of this run decides it"


def test_a_case_that_does_not_count_leaves_the_claim_untested():
    result = combined(recorded("a", True), undecided=("b failed: no pods",))
    assert (result.verdict, result.condition) == (Verdict.UNTESTED, "b failed: no pods")


def test_the_reason_of_an_untested_claim_replaces_a_condition():
    recorder = ClaimRecorder("a", ["16.1"])
    recorder.conditional("16.1", "in ipvs mode", "seen")
    assert combined(recorder.recorded, undecided=("b failed: no pods",)).condition == "b failed: no pods"


def test_a_refutation_stays_if_another_case_does_not_count():
    result = combined(recorded("a", False), undecided=("b failed: no pods",))
    assert (result.verdict, result.condition) == (Verdict.REFUTED, "b failed: no pods")


def test_a_condition_from_two_cases_is_listed_once():
    recorders = [ClaimRecorder(case, ["16.1"]) for case in ("a", "b")]
    for recorder in recorders:
        recorder.conditional("16.1", "in ipvs mode", "seen")
    assert combined(*(recorder.recorded for recorder in recorders)).condition == "in ipvs mode"


def test_a_conditional_verdict_keeps_its_condition():
    recorder = ClaimRecorder("a", ["16.1"])
    recorder.conditional("16.1", "in ipvs mode", "seen")
    assert combined(recorder.recorded).verdict is Verdict.CONDITIONAL
    assert combined(recorder.recorded).condition == "in ipvs mode"


def test_a_case_decides_only_claims_that_its_marker_names():
    with pytest.raises(UsageError, match=r"claim 2\.5, which its marker does not name"):
        ClaimRecorder("a", ["16.1"]).confirmed("2.5", "so")
