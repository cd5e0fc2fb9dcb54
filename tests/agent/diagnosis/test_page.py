from tests.agent.diagnosis.failures_page import PAGE, page


def test_the_page_of_failures_is_that_of_the_table() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.agent.diagnosis.failures_page"
