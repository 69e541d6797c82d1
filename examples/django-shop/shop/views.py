"""The pages, and the receiver of the backend's webhooks."""

from typing import Any

from baas_sdk import BaasError, InvalidWebhook, StatusError, webhooks
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from shop import backend, fulfilment
from shop.models import Line, Order, Product, lines_of


def store_of_the_page(request: HttpRequest) -> dict[str, Any]:
    """For every page: whose shop this is. The pages work without the backend, too."""
    cart = request.session.get("cart", {})
    store = backend.store_if_it_answers()
    return {
        "store_name": store.name if store else "Our shop",
        "currency": store.currency if store else "",
        "in_cart": sum(cart.values()),
    }


@require_GET
def shelf(request: HttpRequest) -> HttpResponse:
    """All products."""
    return render(request, "shop/shelf.html", {"products": Product.objects.order_by("name")})


@require_GET
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product."""
    return render(request, "shop/product.html", {"product": get_object_or_404(Product, slug=slug)})


@require_POST
def put(request: HttpRequest) -> HttpResponse:
    """Put something into the cart, or take it out: the quantity that is sent is the quantity then."""
    wanted = get_object_or_404(Product, slug=request.POST.get("slug", ""))
    text = request.POST.get("quantity", "1")
    quantity = min(int(text), wanted.stock) if text.isdecimal() else 1
    cart = {**request.session.get("cart", {}), wanted.slug: quantity}
    request.session["cart"] = {slug: number for slug, number in cart.items() if number > 0}
    return redirect("cart")


@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    """What the customer wants."""
    return _cart_page(request)


def _cart_page(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    lines = lines_of(request.session.get("cart", {}))
    shown = [{"product": one, "quantity": many, "total": one.price * many} for one, many in lines]
    total = sum(line["total"] for line in shown)  # type: ignore[misc]  # numbers all of them
    page = {"lines": shown, "total": total, "problem": problem, "email": request.POST.get("email", "")}
    return render(request, "shop/cart.html", page, status=status)


@require_POST
def checkout(request: HttpRequest) -> HttpResponse:
    """The order is made first; then the money is asked for."""
    email = request.POST.get("email", "").strip()
    try:
        validate_email(email)
        currency = backend.store().currency
    except ValidationError:
        return _cart_page(request, "That is no e-mail address.", 422)
    except BaasError:
        return _cart_page(request, "Paying is not possible just now. Your cart is kept: try again soon.", 503)
    with transaction.atomic():
        lines = lines_of(request.session.get("cart", {}))
        if not lines or any(one.stock < many for one, many in lines):
            return _cart_page(request, "There is not enough of it any more.", 409)
        total = sum(one.price * many for one, many in lines)
        order = Order.objects.create(email=email, total=total, currency=currency)
        Line.objects.bulk_create(
            Line(order=order, product=one, name=one.name, price=one.price, quantity=many)
            for one, many in lines
        )
    request.session["cart"] = {}
    return _pay(order)


def _pay(order: Order) -> HttpResponse:
    try:
        payment = backend.start_payment(order)
    except BaasError:
        # The order is safe. Asking again asks for the same payment: it has the same key.
        return redirect(f"/orders/{order.token}?unreachable=1")
    if payment.next_action is not None and payment.next_action.url:
        return redirect(payment.next_action.url)
    return redirect("order", token=order.token)


@require_GET
def order(request: HttpRequest, token: str) -> HttpResponse:
    """The customer's order. Who comes back from the provider may be faster than the webhook: so we look."""
    found = get_object_or_404(Order, token=token)
    if found.status == Order.Status.OPEN and found.payment_id:
        try:
            fulfilment.follow(backend.client().payments.get(found.payment_id))
        except BaasError:
            pass  # the webhook will come
        found.refresh_from_db()
    page = {"order": found, "unreachable": "unreachable" in request.GET}
    return render(request, "shop/order.html", page)


@require_POST
def pay_again(request: HttpRequest, token: str) -> HttpResponse:
    """Another try after a failed one, or the same again after an answer that never came."""
    del request
    found = get_object_or_404(Order, token=token)
    if Order.objects.filter(pk=found.pk, status=Order.Status.FAILED, attempt=found.attempt).update(
        status=Order.Status.OPEN, attempt=found.attempt + 1, payment_id=""
    ):
        found.refresh_from_db()
    if found.status != Order.Status.OPEN:
        return redirect("order", token=token)
    return _pay(found)


@csrf_exempt
@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    """Events of the backend."""
    try:
        event = webhooks.unwrap(request.body, request.headers, secret=settings.BAAS_WEBHOOK_SECRETS)
    except InvalidWebhook:
        return HttpResponse(status=400)
    fulfilment.handle(event)
    return HttpResponse(status=204)


@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """Whether this shop and its store can be reached."""
    del request
    try:
        return HttpResponse(backend.client().store.get().name)
    except StatusError as problem:
        return HttpResponse(str(problem), status=502)
    except BaasError:
        return HttpResponse("The backend does not answer.", status=502)
