"""Apps at host names of their own."""

from .conftest import House
from .peers import App, request, response


async def test_an_app_answers_at_a_name_of_its_own_until_it_is_taken_away(house: House) -> None:
    app = App.saying(response(b"hello"))
    await house.serve(app)
    asked = request(host="Shop.Example.org:8081")
    assert (await house.ask(asked)).status == 404
    house.gateway.call("shop.example.org", "a")
    assert (await house.ask(asked)).status == 200
    assert (await house.ask(request(host="other.example.org"))).status == 404
    assert (await house.ask(request())).status == 200
    house.gateway.call("shop.example.org", "b")
    assert (await house.ask(asked)).status == 404
    house.gateway.call("shop.example.org", None)
    house.gateway.call("shop.example.org", None)
    assert (await house.ask(asked)).status == 404


async def test_the_app_sees_the_name_that_it_was_asked_at(house: House) -> None:
    app = App.saying(response(b"hello"))
    await house.serve(app)
    house.gateway.call("shop.example.org", "a")
    await house.ask(request(host="shop.example.org"))
    assert app.seen[-1].get("host") == "shop.example.org"
