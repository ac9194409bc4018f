"""How facts about hosts arrive: sections → carriers → evidence → tables → snapshot."""
