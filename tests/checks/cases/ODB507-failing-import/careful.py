try:
    import sklearnx
except ImportError:
    sklearnx = None


def add_score(orders, weight=1):
    return orders.assign(score=orders["amount"] * weight)
