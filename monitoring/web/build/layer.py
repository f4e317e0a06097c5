"""One layer: what was said of it, and where its pictures and neighbours are."""

from collections.abc import Mapping
from urllib.parse import urlencode

from layerwatch.layers import LayerKey
from layerwatch.verdict import ImageFacts, Verdict
from monitoring.web.artifacts import artifact_url
from monitoring.web.build.answers import LayerPage, PictureLinks, Revision
from monitoring.web.build.known import Known
from monitoring.web.places import size_of
from monitoring.web.summary import summary_text

FARTHEST = 20  # layers below among which one with the same light is looked for


def layer_page(known: Known, key: LayerKey) -> LayerPage | None:
    """Return what is known of a layer, None where nothing is."""
    revisions = known.revisions(key)
    if not revisions:
        return None
    newest = revisions[0]
    width, height = size_of(newest) or (None, None)
    previous, following = known.neighbours(key)
    below = lights_below(known, newest)
    return LayerPage(
        key=str(key),
        verdict=newest,
        revisions=tuple(map(_revision, revisions)),
        pictures=tuple(_links(newest, image, below) for image in newest.images),
        mask_url=artifact_url(newest.artifacts.mask, inspection=newest.id),
        overlay_url=artifact_url(newest.artifacts.overlay, inspection=newest.id),
        width=width,
        height=height,
        previous=None if previous is None else str(previous),
        next=None if following is None else str(following),
        summary=summary_text(newest),
    )


def lights_below(known: Known, verdict: Verdict) -> Mapping[str, Verdict]:
    """Return for each light of a layer the verdict on the nearest lower layer of the stage that has it, too."""
    missing = {image.light for image in verdict.images}
    found: dict[str, Verdict] = {}
    lower: Verdict | None = verdict
    for _ in range(FARTHEST):
        lower = known.below(lower.key) if lower is not None and missing else None
        if lower is None:
            break
        its = missing & {image.light for image in lower.images if image.width}
        found.update(dict.fromkeys(its, lower))
        missing -= its
    return found


def _revision(verdict: Verdict) -> Revision:
    return Revision(
        id=verdict.id, revision=verdict.revision, decision=verdict.decision, published=verdict.timing.published
    )


def _links(verdict: Verdict, image: ImageFacts, below: Mapping[str, Verdict]) -> PictureLinks:
    base, lower = f"/api/inspections/{verdict.id}", below.get(image.light)
    difference = None if lower is None else urlencode({"light": image.light, "to": lower.id})
    return PictureLinks(
        light=image.light,
        url=f"{base}/picture?{urlencode({'light': image.light})}",
        difference_url=None if difference is None else f"{base}/difference?{difference}",
        compared_with=None if lower is None else str(lower.key),
    )
