def add_score(orders, weight=1):
    return orders.assign(score=orders["amount"] * weight)


def add_options(orders, **options):
    return orders.assign(**options)
