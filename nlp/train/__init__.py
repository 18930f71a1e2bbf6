"""Fine-tuning of the judge: needs torch and transformers, which scoring never imports."""
