from weights import scale


def add_score(orders):
    return scale(orders)
