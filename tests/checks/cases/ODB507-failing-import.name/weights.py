def scaled(orders):
    return orders.assign(score=orders["amount"] * 2)
