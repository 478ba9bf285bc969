def add_score(orders, /):
    return orders


def join(orders, *others):
    return orders.merge(others[0], on="id")
