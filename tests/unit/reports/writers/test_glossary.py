"""The glossary: terms as links in a report, and the document that is generated from the same file."""

from reports.pages.run.page import report_html
from reports.writers.glossary import TermLinks, glossary_markdown, read_glossary
from tests.unit.reports.sample import RESULTS
from tests.unit.reports.schema import REPOSITORY


def test_the_document_is_generated_from_the_terms_of_reports():
    assert (REPOSITORY / "docs" / "glossary.md").read_text() == glossary_markdown()


def test_a_term_links_to_its_entry_where_it_first_appears():
    links = TermLinks()
    first = links.link("Claims are decided by cases.")
    assert '<a class="term" href="#term-claim" data-meaning="A statement about Kubernetes under test' in first
    assert ">Claims</a>" in first
    assert links.link("Another claim.") == "Another claim."


def test_the_longest_term_wins():
    assert 'href="#term-baseline-corrected"' in TermLinks().link("p50, baseline-corrected")
    assert 'href="#term-dummy-service"' in TermLinks().link("10 dummy Services")


def test_parts_of_words_are_no_terms():
    assert TermLinks().link("showcases of modernity in suites/services") == "showcases of modernity in suites/services"


def test_a_linked_text_is_escaped():
    assert "<script>" not in TermLinks().link("<script>mode</script>")


def test_every_link_of_a_report_leads_to_an_entry():
    page = report_html(RESULTS)
    for term in ("substrate", "source", "claim", "case", "finding"):
        assert f'href="#term-{term}"' in page
    assert page.count('<dt id="term-') == len(read_glossary())
