def add_score(orders, weight=1):
    return orders.assign(score=orders["amount"] * weight)
