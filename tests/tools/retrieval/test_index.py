"""The index, through its front door."""

import asyncio
import os
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from soloist_tools.retrieval import Hit, Index

from tests.tools.retrieval.trees import SHOP, aged, committed, planted


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return planted(tmp_path / "shop", SHOP)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def best(index: Index, query: str, **options: bool) -> Hit:
    return index.search(query, 1, **options)[0]


def test_a_search_leads_to_the_lines(shop: Path, cache: Path) -> None:
    """A hit names the file, the lines and the symbol, and says which words brought it here."""
    with Index.open(shop, cache=cache) as index:
        hit = best(index, "how is the total price of the cart computed?")
    assert (hit.path, hit.first, hit.last, hit.lane) == ("shop/cart.py", 1, 6, "source")
    assert "total" in hit.why
    assert "price" in hit.why


def test_a_name_is_found_however_it_is_written(shop: Path, cache: Path) -> None:
    """`total_price`, `totalPrice` and "total prices" lead to the same place."""
    with Index.open(shop, cache=cache) as index:
        assert {best(index, query).path for query in ("total_price", "totalPrice", "total prices")} == {"shop/cart.py"}


def test_tests_come_after_the_source_unless_asked_for(shop: Path, cache: Path) -> None:
    """A question that fits the test better still leads to the source, until it is said to be about tests."""
    with Index.open(shop, cache=cache) as index:
        assert best(index, "total price cart").path == "shop/cart.py"
        assert best(index, "test total price of an empty cart", tests=True).path == "tests/test_cart.py"
        assert index.search("empty cart", lanes=("docs",)) == ()


def test_the_past_points_to_files_that_do_not_hold_the_words(shop: Path, cache: Path) -> None:
    """A commit message that speaks of the question lifts the files that the commit changed."""
    committed(shop, "start")
    (shop / "shop/discount.py").write_text("def voucher_value(voucher):\n    return voucher.percent / 100.0  # price\n")
    committed(shop, "Coupons were rounded to zero")
    with Index.open(shop, cache=cache) as index:
        found = index.files("coupons are rounded to zero; price")
    assert found[0].path == "shop/discount.py"
    assert "commits" in found[0].why


@pytest.mark.parametrize("query", ["", "   ", "?!", "zzzunknown", "\0", '"a" OR NEAR(b', "x" * 100_000])
def test_a_question_without_an_answer_finds_nothing(shop: Path, cache: Path, query: str) -> None:
    """Nothing in common is no hit, and no question is an error."""
    with Index.open(shop, cache=cache) as index:
        assert index.search(query) == ()


def test_an_empty_tree_can_be_asked(tmp_path: Path, cache: Path) -> None:
    """No files, no hits."""
    (tmp_path / "empty").mkdir()
    with Index.open(tmp_path / "empty", cache=cache) as index:
        assert index.search("anything") == ()
        assert index.stats().files == 0


def test_only_changed_files_are_read_again(shop: Path, cache: Path) -> None:
    """A second opening reads nothing; after a change it reads that file alone."""
    with Index.open(shop, cache=cache) as index:
        assert index.stats().read == len(SHOP)
    (shop / "shop/cart.py").write_text("def refund():\n    return 'money back'\n")
    aged(shop / "shop/cart.py", 30)
    with Index.open(shop, cache=cache) as index:
        assert index.stats().read == 1
        assert best(index, "money refund").symbol == "refund"
        assert index.search("totalPrice", lanes=("source",)) == ()
    with Index.open(shop, cache=cache) as index:
        assert index.stats().read == 0


def test_a_file_written_a_moment_ago_is_not_trusted(shop: Path, cache: Path) -> None:
    """Two writes within one tick of the clock, of equal length, are both seen."""
    file = shop / "shop/discount.py"
    file.write_text("def alpha(): ...\n")
    now = file.stat().st_mtime_ns
    with Index.open(shop, cache=cache) as index:
        file.write_text("def gamma(): ...\n")
        os.utime(file, ns=(now, now))
        index.refresh()
        assert best(index, "gamma").symbol == "gamma"


def test_an_update_looks_at_the_named_files_only(shop: Path, cache: Path) -> None:
    """What the caller changed, made and removed is seen without a walk."""
    with Index.open(shop, cache=cache) as index:
        (shop / "shop/cart.py").unlink()
        planted(shop, {"shop/basket.py": "def weigh():\n    return 'kilograms'\n", "shop/discount.py": "def gift(): ...\n"})
        index.update(["shop/cart.py", "shop/basket.py", "shop/discount.py", ".env", "missing.py"])
        assert index.stats().read == 2
        assert best(index, "weigh kilograms").path == "shop/basket.py"
        assert best(index, "gift").path == "shop/discount.py"
        assert index.search("add_item", lanes=("source",)) == ()


def test_a_path_outside_the_root_is_refused(shop: Path, cache: Path) -> None:
    """An update cannot make the index read what is not below its root."""
    planted(shop.parent, {"outside.py": "def stolen(): ...\n"})
    (shop / "link").symlink_to(shop.parent)
    with Index.open(shop, cache=cache) as index:
        for path in ("../outside.py", str(shop.parent / "outside.py")):
            with pytest.raises(ValueError, match="below the root"):
                index.update([path])
        index.update(["link/outside.py"])
        assert index.search("stolen") == ()


def test_a_branch_switched_back_costs_nothing(shop: Path, cache: Path) -> None:
    """Contents seen before are not split again."""
    before = (shop / "shop/cart.py").read_text()
    with Index.open(shop, cache=cache) as index:
        planted(shop, {"shop/cart.py": "def other(): ...\n"})
        index.refresh()
        planted(shop, {"shop/cart.py": before + ""})
        index.refresh()
        assert (index.stats().read, index.stats().split) == (1, 0)
        assert best(index, "totalPrice").path == "shop/cart.py"


def test_many_changes_give_the_same_answers_as_a_new_index(tmp_path: Path, cache: Path) -> None:
    """Laid over the base or built into it, a tree is ranked alike."""
    tree = planted(tmp_path / "tree", {f"m{n}.py": f"def thing{n}():\n    return 'word{n % 7} common'\n" for n in range(150)})
    with Index.open(tree, cache=cache) as index:
        for n in range(0, 60):
            planted(tree, {f"m{n}.py": f"def other{n}():\n    return 'word{n % 5} common'\n"})
        index.refresh()
        with Index.open(tree, cache=tmp_path / "fresh") as fresh:
            for query in ("word3 common", "other7", "thing100 word2"):
                assert {(h.path, h.score) for h in index.search(query, 5)} == {(h.path, h.score) for h in fresh.search(query, 5)}


@pytest.mark.parametrize(
    "damage", ["not a database", "cut", "old version", "garbled postings", "garbled contents", "lost contents"]
)
def test_a_damaged_store_is_rebuilt(shop: Path, cache: Path, damage: str) -> None:
    """Whatever happened to the file, the answer is right."""
    with Index.open(shop, cache=cache):
        pass
    (file,) = cache.glob("*.sqlite")
    if damage == "not a database":
        file.write_bytes(b"no database at all" * 1000)
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    else:
        with sqlite3.connect(file) as sql:
            sql.executescript(
                {
                    "old version": "PRAGMA user_version = 99; DROP TABLE posting;",
                    "garbled postings": "UPDATE posting SET chunk = x'ffffff7f', often = x'01';",
                    "garbled contents": "UPDATE content SET places = '{', words = x'00'; DELETE FROM note;",
                    "lost contents": "DELETE FROM content;",
                }[damage]
            )
        sql.close()
    with Index.open(shop, cache=cache) as index:
        assert best(index, "total price").path == "shop/cart.py"


def test_two_openings_of_one_tree_keep_out_of_each_others_way(tmp_path: Path, cache: Path) -> None:
    """When one rebuilds the base, the other goes on with right answers."""
    tree = planted(tmp_path / "tree", {f"m{n}.py": f"def thing{n}(): ...\n" for n in range(20)})
    with Index.open(tree, cache=cache) as one:
        planted(tree, {f"a{n}.py": f"def added{n}(): ...\n" for n in range(200)})
        with Index.open(tree, cache=cache) as two:
            assert best(two, "added150").path == "a150.py"
        assert best(one, "thing7").path == "m7.py"


async def test_an_index_can_be_asked_from_many_threads(shop: Path, cache: Path) -> None:
    """Async callers use threads; one index serves them all."""
    with Index.open(shop, cache=cache) as index:
        async with asyncio.timeout(20):
            found = await asyncio.gather(*(asyncio.to_thread(index.search, "total price", 1) for _ in range(20)))
    assert {hits[0].path for hits in found} == {"shop/cart.py"}


def test_two_first_openings_at_once(shop: Path, cache: Path) -> None:
    """A store that two make at the same time is whole."""
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: Index.open(shop, cache=cache), range(4)))
    assert {best(index, "total price").path for index in opened} == {"shop/cart.py"}
    for index in opened:
        index.close()


def test_one_file_of_a_large_tree_is_updated_at_once(tmp_path: Path, cache: Path) -> None:
    """An update does not depend on the size of the tree: it reads one file and splits one content."""
    tree = planted(tmp_path / "tree", {f"p{n}/m{n}.py": f"def thing{n}(): ...\n" for n in range(400)})
    with Index.open(tree, cache=cache) as index:
        planted(tree, {"p7/m7.py": "def renamed(): ...\n"})
        index.update(["p7/m7.py"])
        assert (index.stats().read, index.stats().split, index.stats().files) == (1, 1, 400)
        assert best(index, "renamed").path == "p7/m7.py"
        assert index.search("thing7 thing8", 1)[0].path == "p8/m8.py"


def test_progress_counts_the_files(shop: Path, cache: Path) -> None:
    """A first build can be shown as it goes."""
    seen: list[tuple[int, int]] = []
    with Index.open(shop, cache=cache, progress=lambda done, total: seen.append((done, total))):
        assert seen == [(n, len(SHOP)) for n in range(1, len(SHOP) + 1)]


def test_the_store_is_for_its_owner_alone(shop: Path, cache: Path) -> None:
    """The words of a private repository are as private as the repository."""
    with Index.open(shop, cache=cache):
        (file,) = cache.glob("*.sqlite")
        assert file.stat().st_mode & 0o077 == 0


def test_a_repositorys_configuration_runs_nothing(shop: Path, cache: Path, tmp_path: Path) -> None:
    """A hostile `core.fsmonitor` or pager is not started."""
    committed(shop, "start")
    for name in ("core.fsmonitor", "core.pager", "diff.external", "log.showSignature"):
        value = "true" if name == "log.showSignature" else f"touch {tmp_path}/ran"
        subprocess.run(("git", "-C", str(shop), "config", name, value), check=True, timeout=30)
    with Index.open(shop, cache=cache) as index:
        assert index.stats().commits == 1
    assert not (tmp_path / "ran").exists()
