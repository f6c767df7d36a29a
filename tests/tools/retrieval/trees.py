"""Small trees for the tests of retrieval."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

SHOP = {
    "shop/cart.py": (
        "class Cart:\n    def add_item(self, item):\n        self.items.append(item)\n\n"
        "    def totalPrice(self):\n        return sum(item.price for item in self.items)\n"
    ),
    "shop/discount.py": "def voucher_value(voucher):\n    return voucher.percent / 100\n",
    "tests/test_cart.py": "def test_total_price():\n    assert Cart().totalPrice() == 0  # total price of an empty cart\n",
    "README.md": "# Shop\nSells things.\n",
}


def planted(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder with these files, all of them written a minute ago."""
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        aged(file)
    return root


def aged(file: Path, seconds: float = 60) -> None:
    """As if the file had been written so long ago."""
    then = file.lstat().st_mtime - seconds
    os.utime(file, (then, then))


def committed(root: Path, message: str) -> None:
    """Everything in the folder as one more commit."""
    name = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    for arguments in (("init", "-q"), ("add", "-A"), (*name, "commit", "-q", "-m", message)):
        subprocess.run(("git", "-C", str(root), *arguments), check=True, timeout=30)
