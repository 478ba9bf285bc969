from odibi_core.functions import odibi_function


@odibi_function("score", engines="pandas")
def add_score(orders, weight=1):
    return orders.assign(score=orders["amount"] * weight)


def unregistered(orders):
    return orders
