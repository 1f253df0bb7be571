"""The page of both sessions searched together."""

from __future__ import annotations

from benchmarks.together import Pair, write_page


def test_page_has_a_line_a_seed_and_the_median_of_each_case() -> None:
    pairs = [
        Pair(450, 60.0, seed, 1_000_000.0, 96, 63.0, 1_000_000.0 - saved, 95, 64.0)
        for seed, saved in ((1, 10_000.0), (2, 20_000.0), (3, -5_000.0))
    ]
    page = write_page(pairs)
    assert "| 450 | 60 | 2 | £1,000,000 | 96 | 63 s | £980,000 | 95 | 64 s | 2.00% |" in page
    assert "450 pupils, 60 s: median 1.00% saved, -0.50% to 2.00%." in page
