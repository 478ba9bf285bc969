def split(orders):
    right = orders["amount"] > 0
    return {"good": orders[right], "bad": orders[~right]}
