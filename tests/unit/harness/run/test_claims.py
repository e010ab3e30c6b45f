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


def test_claims_are_read_in_the_order_of_their_numbers(tmp_path):
    claims = read_claims(file_of(tmp_path, entry("15.1") + entry("2.5")))
    assert [claim.id for claim in claims] == ["2.5", "15.1"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (entry() + "\n" + entry(text=""), r"claims\.toml, line 6: a claim needs 'text'"),
        (entry() + entry(), r"line 5: claim 1\.1 appears twice"),
        (entry("one"), "line 1: 'one' is not a claim number"),
        (entry(wight=1), r"line 1: unknown entries \['wight'\]"),
        ("[[claim]\n", r"claims\.toml: .*line 1"),
    ],
)
def test_an_unfit_file_is_refused_with_its_line(tmp_path, text, complaint):
    with pytest.raises(UsageError, match=complaint):
        read_claims(file_of(tmp_path, text))


def spoken(case, verdict):
    recorder = ClaimRecorder(case, ["16.1"])
    recorder.decide("16.1", verdict, f"{case} saw it.")
    return recorder.recorded


def verdict(*said, undecided=()):
    (result,) = combine([CLAIM], [one for many in said for one in many], {"16.1": undecided} if undecided else {})
    return result


def test_one_refutation_outweighs_any_confirmation():
    result = verdict(spoken("a", True), spoken("b", False))
    assert result.verdict is Verdict.REFUTED
    assert result.evidence == "a saw it. b saw it."
    assert result.cases == ("a", "b")


def test_a_claim_nobody_spoke_about_is_untested():
    assert verdict().verdict is Verdict.UNTESTED
    assert verdict().condition == "no case of this run decides it"


def test_a_case_that_does_not_count_leaves_the_claim_untested():
    result = verdict(spoken("a", True), undecided=("b failed: no pods",))
    assert (result.verdict, result.condition) == (Verdict.UNTESTED, "b failed: no pods")


def test_a_condition_is_no_reason_for_a_claim_that_is_untested():
    recorder = ClaimRecorder("a", ["16.1"])
    recorder.conditional("16.1", "in ipvs mode", "seen")
    assert verdict(recorder.recorded, undecided=("b failed: no pods",)).condition == "b failed: no pods"


def test_a_refutation_stays_whatever_became_of_another_case():
    result = verdict(spoken("a", False), undecided=("b failed: no pods",))
    assert (result.verdict, result.condition) == (Verdict.REFUTED, "b failed: no pods")


def test_a_condition_that_two_cases_name_is_told_once():
    recorders = [ClaimRecorder(case, ["16.1"]) for case in ("a", "b")]
    for recorder in recorders:
        recorder.conditional("16.1", "in ipvs mode", "seen")
    assert verdict(*(recorder.recorded for recorder in recorders)).condition == "in ipvs mode"


def test_a_condition_stays_with_its_verdict():
    recorder = ClaimRecorder("a", ["16.1"])
    recorder.conditional("16.1", "in ipvs mode", "seen")
    assert verdict(recorder.recorded).verdict is Verdict.CONDITIONAL
    assert verdict(recorder.recorded).condition == "in ipvs mode"


def test_a_case_speaks_only_of_what_its_marker_names():
    with pytest.raises(UsageError, match=r"claim 2\.5, which its marker does not name"):
        ClaimRecorder("a", ["16.1"]).confirmed("2.5", "so")
