def add_score(orders, weight):
    return orders.assign(score=orders["amount"] * weight)
