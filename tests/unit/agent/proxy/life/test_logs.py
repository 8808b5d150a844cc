from tulle.agent.proxy.life.logs import keep_last, last_lines


def test_the_end_of_a_log_is_indented_and_short(tmp_path):
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(9)))

    assert last_lines(log, 2) == "  line 7\n  line 8"
    assert last_lines(tmp_path / "none") == "  (it wrote no log)"


def test_one_log_is_kept_beside_the_new_one(tmp_path):
    log = tmp_path / "envoy.log"
    keep_last(log)
    for text in ("first", "second"):
        log.write_text(text)
        keep_last(log)

    assert [path.name for path in tmp_path.iterdir()] == ["envoy.log.1"]
    assert (tmp_path / "envoy.log.1").read_text() == "second"
