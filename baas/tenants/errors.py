"""What the tenants package refuses."""

from baas.core.errors import Conflict, ValidationFailed


class SlugTaken(Conflict):
    """Another store of this deployment has the slug. Only operators can meet this."""

    title = "A store with this slug exists already."


class UnknownPlan(ValidationFailed):
    """A plan that this deployment does not offer."""

    title = "There is no such plan."
