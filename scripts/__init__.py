"""Call scripts, questionnaires and campaigns."""
