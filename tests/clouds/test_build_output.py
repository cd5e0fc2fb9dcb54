from devgem.clouds.local.build_output import CappedLines, Caps
from devgem.domain.log import LINE_LIMIT

CAPS = Caps(lines_per_second=100, bytes_per_second=10_000, burst_seconds=1, lines=1000, bytes=100_000, tail_lines=8)


def test_lines_within_bounds_pass_unchanged() -> None:
    capped = CappedLines(CAPS)
    lines = [
        *capped.feed(b"one\ntw", 0.0),
        *capped.feed(b"o\n\xff\n", 0.1),
        *capped.feed(b"rest", 0.2),
        *capped.close(),
    ]
    assert lines == ["one", "two", "\N{REPLACEMENT CHARACTER}", "rest"] and list(capped.tail) == lines


def test_the_usual_rate_of_a_chatty_build_is_not_capped() -> None:
    capped = CappedLines()
    count = 0
    for tick in range(200):  # 20 seconds of 10,000 lines a second
        count += len(list(capped.feed(b"a line of some forty characters, or so.\n" * 1000, 100 + tick / 10)))
    assert count == 200_000 and list(capped.close()) == []


def test_a_burst_after_a_quiet_time_is_not_capped() -> None:
    capped = CappedLines()
    assert len(list(capped.feed(b"x\n" * 90_000, 7.0))) == 90_000 and not capped.is_flooded


def test_a_flood_is_counted_and_its_end_is_shown() -> None:
    capped = CappedLines(CAPS)
    lines = list(capped.feed(b"y\n" * 100, 5.0))
    assert len(lines) == 100 and capped.is_flooded
    for n in range(50):
        assert list(capped.feed(b"y\n" * 1000, 5.0 + n / 100)) == []
    after = [*capped.feed(b"last\n", 6.5)]
    assert after[0] == "... 49,998 lines suppressed (0.1 MB)" and after[-1] == "last" and not capped.is_flooded
    assert after.count("y") == 2


def test_after_a_logs_whole_share_only_its_end_is_kept() -> None:
    capped = CappedLines(CAPS)
    lines: list[str] = []
    for second in range(100):
        lines += capped.feed(b"".join(b"line %d\n" % n for n in range(90)), 10.0 + 2 * second)
    lines += [*capped.feed(b"error: the cause\n", 500.0), *capped.close()]
    assert len(lines) < 1100 and lines[-1] == "error: the cause" == capped.tail[-1]
    assert sum("lines suppressed" in line for line in lines) == 1


def test_one_endless_line_is_cut_counted_and_never_held() -> None:
    capped = CappedLines(Caps(lines_per_second=100, bytes_per_second=1 << 20, burst_seconds=1))
    lines: list[str] = []
    for n in range(1600):  # 100 MB in 1.6 s
        lines += capped.feed(b"x" * 65536, n / 1000)
    lines += capped.close()
    assert all(len(line) <= LINE_LIMIT + 100 for line in lines) and sum(map(len, lines)) < 4 << 20
    assert sum("lines suppressed" in line for line in lines) == 2
