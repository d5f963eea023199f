using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>Optimizers whose formulas hold for certain local steps only, and rules that cannot stand beside them.</summary>
internal static class AggregationChecks
{
    public static void Check(GraphIndex graph)
    {
        var job = graph.Job;
        var (spec, at) = (job.OptimizerSpec, job.Optimizer?.Node ?? job.Root);
        if (job.Robust is { } robust && spec.Kind is OptimizerSpec.Scaffold or OptimizerSpec.FedNova)
        {
            graph.Problems.Add(at, $"optimizer: {spec.Kind} sends more than a change, which robust: {robust.Kind} cannot judge; use fedavg or an adaptive optimizer with it");
        }

        foreach (var (where, training) in Trainings(job))
        {
            CheckTraining(graph, spec, at, where, training);
        }
    }

    private static IEnumerable<(string Where, TrainingSpec Training)> Trainings(JobDraft job) =>
        job.Roles.Where(role => role.IsDataConsumer).Select(role => (role.ToString(), SettingsReader.Above(job.Training, role.Settings)));

    private static void CheckTraining(GraphIndex graph, OptimizerSpec spec, SpecNode at, string where, TrainingSpec training)
    {
        if (spec.Kind is OptimizerSpec.Scaffold or OptimizerSpec.FedNova && (training.Optimizer != OptimizerKind.Sgd || training.Nesterov))
        {
            graph.Problems.Add(at, $"optimizer: {spec.Kind} counts plain gradient steps, but {where} trains with {(training.Nesterov ? "nesterov" : training.Optimizer)}; set training.optimizer: sgd without nesterov");
        }

        if (spec.Kind is OptimizerSpec.Scaffold && training.Momentum > 0)
        {
            graph.Problems.Add(at, $"optimizer: scaffold takes the way of the local steps for their gradients, which {where}'s momentum bends; set training.momentum: 0");
        }

        if (spec.Kind is OptimizerSpec.FedNova && training is { Momentum: > 0, Proximal: > 0 })
        {
            graph.Problems.Add(at, $"optimizer: fednova is defined for momentum or a proximal term, and {where} has both; remove one of them");
        }

        if (spec.Kind is OptimizerSpec.FedNova && training.LearningRate * training.Proximal >= 1)
        {
            graph.Problems.Add(at, $"optimizer: fednova needs learningRate × proximal below 1, and {where} has {training.LearningRate * training.Proximal:0.###}; lower one of them");
        }

        if (spec.Kind is OptimizerSpec.FedProx or OptimizerSpec.FedDyn && training.Proximal > 0)
        {
            graph.Problems.Add(at, $"optimizer: {spec.Kind} sets the proximal term itself; remove training.proximal of {where}");
        }
    }
}
