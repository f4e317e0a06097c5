import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted((*(ROOT / "trainer").rglob("*.py"), *(ROOT / "layerwatch").rglob("*.py")))


def names_of(path: Path) -> set[str]:
    """Every imported module and every dotted call of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call):
            names.add(ast.unparse(node.func))
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_ever_unpickled(path: Path) -> None:
    names = names_of(path)

    assert not {name for name in names if name.split(".")[0] in {"pickle", "cloudpickle", "dill", "joblib", "shelve"}}
    assert not names & {"torch.load", "torch.save", "torch.jit.load"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrays_are_loaded_without_pickle(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.load":
            assert any(
                keyword.arg == "allow_pickle" and ast.unparse(keyword.value) == "False" for keyword in node.keywords
            )
