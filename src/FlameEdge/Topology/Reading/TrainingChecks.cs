namespace FlameEdge.Topology.Reading;

/// <summary>Finds training settings that have no meaning beside the others: better a refusal than a number that nobody reads.</summary>
internal static class TrainingChecks
{
    /// <param name="fields">The mapping as it is written.</param>
    /// <param name="training">What it says, above what it stands on.</param>
    /// <param name="isWhole">True where nothing below it can say more; a role's settings stand above the job's.</param>
    public static void Check(Fields fields, TrainingSpec training, bool isWhole)
    {
        if (isWhole || fields["optimizer"] is not null)
        {
            CheckOptimizer(fields, training);
        }

        if (isWhole && training is { Optimizer: OptimizerKind.Sgd, Nesterov: true, Momentum: 0 })
        {
            Report(fields, "nesterov", "needs a momentum above 0; set momentum, such as 0.9, or remove it");
        }

        if ((isWhole || fields["loss"] is not null) && training.Loss != LossKind.Huber)
        {
            Report(fields, "huberDelta", "belongs to loss: huber; remove it");
        }
    }

    private static void CheckOptimizer(Fields fields, TrainingSpec training)
    {
        string[] foreign = training.Optimizer == OptimizerKind.Sgd ? ["beta1", "beta2", "epsilon"] : ["momentum", "nesterov"];
        foreach (var key in foreign)
        {
            Report(fields, key, training.Optimizer == OptimizerKind.Sgd ? "belongs to optimizer: adam or adamw; remove it" : "belongs to optimizer: sgd; remove it");
        }
    }

    private static void Report(Fields fields, string key, string fault)
    {
        if (fields[key] is { } node)
        {
            fields.Problems.Add(node, $"{fields.Element}: {key} {fault}");
        }
    }
}
