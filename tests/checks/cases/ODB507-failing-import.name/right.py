from weights import scaled


def add_score(orders):
    return scaled(orders)
