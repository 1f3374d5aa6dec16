"""Operations on many runs at once: started by people, carried out by the engine."""
