using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>Optimizers whose formulas hold for certain local steps only, and rules that cannot stand beside them.</summary>
internal static class AggregationChecks
{
    public static void Check(GraphIndex graph)
    {
        var job = graph.Job;
        var (spec, at) = (job.OptimizerSpec, job.Optimizer?.Node ?? job.Root);
        if (job.Robust is { } robust && spec.Kind is OptimizerSpec.Scaffold or OptimizerSpec.FedNova or OptimizerSpec.FedGft)
        {
            graph.Problems.Add(at, $"optimizer: {spec.Kind} sends more than a change, which robust: {robust.Kind} cannot judge; use fedavg or an adaptive optimizer with it");
        }

        if (job.Privacy is { } privacy)
        {
            CheckPrivacy(graph, privacy, at);
        }

        if (job.SecureAggregation is not null)
        {
            CheckSecure(graph);
        }

        if (job.Personal is { Kind: PersonalSpec.FedPer } && spec.Kind is OptimizerSpec.FedDyn or OptimizerSpec.Scaffold or OptimizerSpec.FedNova)
        {
            graph.Problems.Add(at, $"optimizer: {spec.Kind} takes all tensors for shared ones, of which personal: fedper keeps some back; use fedavg, fedavgm, fedadagrad, fedadam, fedyogi or fedprox with it");
        }

        var asynchronous = job.Roles.Where(role => role.Program?.Value == Programs.AsynchronousAggregator).ToList();
        if (asynchronous is [var first, ..])
        {
            CheckAsynchronous(graph, first);
        }

        foreach (var role in asynchronous)
        {
            CheckTiers(graph, role, asynchronous);
        }

        if (spec.Kind == OptimizerSpec.FedGft && job.Channels.Find(channel => channel.UpCodec.TopShare is not null || channel.UpCodec.Values == ValueKind.Sign) is { } lossy)
        {
            graph.Problems.Add(lossy.Name.Node, $"{lossy}: its codec leaves values out, and fedgft's four terms are among them; use float32, float16 or int8 upwards");
        }

        foreach (var (where, training) in Trainings(job))
        {
            CheckTraining(graph, spec, at, where, training);
        }
    }

    // Its updates start from different models: what is relative to one model, or wants all updates of it side by side, has no meaning.
    private static void CheckAsynchronous(GraphIndex graph, RoleDraft role)
    {
        var job = graph.Job;
        if (job.OptimizerSpec.Kind is OptimizerSpec.FedDyn or OptimizerSpec.Scaffold or OptimizerSpec.FedNova or OptimizerSpec.FedGft)
        {
            graph.Problems.Add(job.Optimizer?.Node ?? job.Root, $"optimizer: {job.OptimizerSpec.Kind} needs rounds that begin and end together, which {role} has not; use fedavg, fedavgm, fedadagrad, fedadam, fedyogi or fedprox");
        }

        if (job.Rounds.Eager)
        {
            graph.Problems.Add(role.Name.Node, $"{role} waits for nobody as it is; remove rounds.eager, or the role's program");
        }

        if (job.Robust is { } robust)
        {
            graph.Problems.Add(role.Name.Node, $"{role}: robust: {robust.Kind} compares updates of one model, and here they start from several; remove robust, or the role's program");
        }
    }

    private static void CheckTiers(GraphIndex graph, RoleDraft role, List<RoleDraft> asynchronous)
    {
        foreach (var channel in graph.ChannelsOf(role).Where(channel => channel.DownCodec.IsDelta))
        {
            graph.Problems.Add(channel.Name.Node, $"{channel}: codec 'delta' cannot go down from {role}, whose workers hold different models; leave delta out");
        }

        var above = graph.ChannelsOf(role).Where(channel => (channel.FunctionTags ?? []).Any(entry => entry.Role.Value == role.Name.Value && entry.Tags.Any(tag => tag.Value == FunctionTags.Fetch)))
            .SelectMany(channel => channel.Pair).Where(end => end.Value != role.Name.Value && !asynchronous.Exists(other => other.Name.Value == end.Value)).ToList();
        if (above is [var upper, ..])
        {
            graph.Problems.Add(role.Name.Node, $"{role} waits for nobody, and '{upper.Value}' above it for rounds that end together; give '{upper.Value}' the program {Programs.AsynchronousAggregator} too, or this one {Programs.MiddleAggregator}");
        }
    }

    private static void CheckSecure(GraphIndex graph)
    {
        var job = graph.Job;
        if (job.Robust is { } robust)
        {
            graph.Problems.Add(job.Root, $"secureAggregation hides single updates, which robust: {robust.Kind} must see; remove one of them");
        }

        if (job.Rounds.Eager)
        {
            graph.Problems.Add(job.Root, "secureAggregation needs the masks of all its members, and rounds.eager leaves out who is slow; remove one of them");
        }

        if (job.Privacy is { Kind: PrivacySpec.Server })
        {
            graph.Problems.Add(job.Root, "secureAggregation hides single updates, which privacy with kind: server shortens at the aggregator; use privacy with kind: client");
        }

        if (job.Roles.Find(role => role.Program?.Value == Programs.AsynchronousAggregator) is { } asynchronous)
        {
            graph.Problems.Add(asynchronous.Name.Node, $"{asynchronous}: secureAggregation needs members that begin and end together; remove secureAggregation, or the role's program");
        }

        var consumers = job.Roles.Where(role => role.IsDataConsumer).Select(role => role.Name.Value).ToHashSet(StringComparer.Ordinal);
        foreach (var channel in job.Channels.Where(channel => channel.UpCodec != CodecSpec.Plain && channel.Pair.Any(end => consumers.Contains(end.Value))))
        {
            graph.Problems.Add(channel.Name.Node, $"{channel}: masked updates travel as they are; leave the codec upwards out, or secureAggregation");
        }
    }

    // What is not the one bounded change of a client has no bound that noise could hide.
    private static void CheckPrivacy(GraphIndex graph, PrivacySpec privacy, SpecNode at)
    {
        var job = graph.Job;
        if (job.OptimizerSpec.Kind is OptimizerSpec.FedDyn or OptimizerSpec.Scaffold or OptimizerSpec.FedNova or OptimizerSpec.FedGft)
        {
            graph.Problems.Add(at, $"optimizer: {job.OptimizerSpec.Kind} tells more of a client than the change that privacy hides; use fedavg, fedavgm, fedadagrad, fedadam, fedyogi or fedprox with it");
        }

        if (job.Robust is { } robust)
        {
            graph.Problems.Add(job.Root, $"privacy hides a client in the mean, and robust: {robust.Kind} takes its place; remove one of them");
        }

        if (job.Roles.Find(role => role.Program?.Value == Programs.AsynchronousAggregator) is { } asynchronous)
        {
            graph.Problems.Add(asynchronous.Name.Node, $"{asynchronous}: privacy counts what each client has released round by round, and there are no rounds here; remove privacy, or the role's program");
        }

        foreach (var channel in job.Channels.Where(channel => privacy.Kind == PrivacySpec.Server && (channel.UpCodec.TopShare is not null || channel.UpCodec.Values == ValueKind.Sign)))
        {
            graph.Problems.Add(channel.Name.Node, $"{channel}: its codec adds to a change what it left out of earlier ones, so that privacy's clip cuts it; use float32, float16 or int8 upwards");
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

        if (spec.Kind is OptimizerSpec.FedGft && training.Loss != LossKind.CrossEntropy)
        {
            graph.Problems.Add(at, $"optimizer: fedgft adds to the cross-entropy, but {where} trains with another loss; set training.loss: cross-entropy");
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
