"""What every package needs and no business word describes; imports nothing else of baas."""
