from .scoring import add_score
