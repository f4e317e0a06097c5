"""Sentences become HTML that nobody can smuggle anything into."""

from layerwatch.layers import Stage
from monitoring.web.addresses import layer_url
from monitoring.web.words import with_code


def test_what_stands_between_backticks_is_code_and_the_rest_is_escaped() -> None:
    assert with_code("Start `a <b>` & go") == "Start <code>a &lt;b&gt;</code> &amp; go"


def test_the_address_of_a_layer_names_its_stage() -> None:
    assert layer_url("m290", "job_42", 7, Stage.RECOAT) == "/builds/m290/job_42?layer=7&stage=recoat"
