import pytest

from tierbench.harness.errors import ChainError, NotFound
from tierbench.models.route import find_route


def test_a_route_is_techniques_and_then_a_recipe():
    route = find_route("finetune(seed=2)>int8", "defect")
    assert route.name == "finetune(seed=2) > int8"
    assert [str(step) for step in route.techniques] == ["finetune(seed=2)"]
    assert route.recipe is not None
    assert route.recipe.name == "int8"


def test_training_for_a_recipe_applies_it():
    route = find_route("finetune > qat(int4)", "defect")
    assert [str(step) for step in route.techniques] == ["finetune", "qat(int4)"]
    assert route.recipe is not None
    assert route.recipe.name == "int4"


def test_the_models_own_file_has_no_steps():
    route = find_route("fp32", "defect")
    assert (route.techniques, route.recipe) == ((), None)


@pytest.mark.parametrize(
    ("variant", "told"),
    [
        ("int8 > finetune", "'int8' of 'int8 > finetune': what it makes cannot be"),
        ("qat(int8) > int8", "let it be the last"),
        ("fp32 > int8", "no variant of model 'defect' 'fp32'"),
        ("int8(3)", "takes nothing; write 'int8'"),
        ("qat", r"step 'qat'; write 'qat\(...\)': train on the grid of a recipe"),
        ("qat(fp16)", "'fp16' must be one of the recipes int8"),
        ("finetune(2)", r"step 'finetune\(2\)'; write 'finetune'"),
        ("qat(int8", "valid is a name such as"),
        ("int7", "did you mean 'int"),
    ],
)
def test_what_leads_nowhere_is_named(variant, told):
    with pytest.raises((ChainError, NotFound), match=told):
        find_route(variant, "defect")
