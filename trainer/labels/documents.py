"""Label files as plain values: of bounded size, and whatever they hold, an error says so."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from layerwatch.errors import TrainingError, one_line

MAX_JSON_BYTES: Final = 128 << 20  # LabelMe puts the whole picture into its file
MAX_XML_BYTES: Final = 8 << 20
_SHOWN: Final = 3  # problems in one message

Model = TypeVar("Model", bound=BaseModel)


def read_json(path: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file.

    Raises:
        TrainingError: it is too large, no JSON, nested too deeply, or no object.
    """
    try:
        content = from_json(_read(path, MAX_JSON_BYTES))
    except ValueError as error:
        raise TrainingError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise TrainingError(f"{path}: expected a JSON object, as LabelMe and COCO write")
    return content


def read_xml(path: Path) -> Element:
    """Return the root of an XML file.

    A document type is refused: it is what entities that grow without end, or that fetch other files, are made of.

    Raises:
        TrainingError: it is too large, no XML, or declares a document type.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> None:
        raise TrainingError(f"{path} declares a document type (<!DOCTYPE …>): take that line out")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(_read(path, MAX_XML_BYTES), True)
    except expat.ExpatError as error:
        raise TrainingError(f"{path} is no XML: {error}") from error
    root: Element = builder.close()
    return root


def checked(model: type[Model], content: object, path: Path) -> Model:
    """Return content as a model.

    Raises:
        TrainingError: it does not fit; the message tells the first problems.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:_SHOWN]]
        raise TrainingError(f"{path}: {one_line(problems)}") from error


def _read(path: Path, limit: int) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise TrainingError(f"{path} is not a regular file")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise TrainingError(f"{path} is larger than {limit >> 20} MiB")
    return content
