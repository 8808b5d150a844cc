from tulle.cli.report.found import Found


def test_what_was_found_does_not_show_itself_before_it_is_redacted() -> None:
    assert "hunter2" not in repr(Found("a", "hunter2"))
