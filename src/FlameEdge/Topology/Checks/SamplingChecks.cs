using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>What a choice of rows cannot stand beside.</summary>
internal static class SamplingChecks
{
    public static void Check(GraphIndex graph)
    {
        if (graph.Job.Sampler is not { } sampler)
        {
            return;
        }

        var (kind, at) = ($"sampler: {sampler.Kind}", graph.Job.SamplerNode ?? graph.Job.Root);
        foreach (var problem in AgainstRules(graph.Job, kind).Concat(graph.Roles.Where(role => role.IsDataConsumer).SelectMany(role => AgainstRole(graph, role, kind))))
        {
            graph.Problems.Add(at, problem);
        }
    }

    private static IEnumerable<string> AgainstRules(JobDraft job, string kind)
    {
        if (job.Privacy is not null)
        {
            yield return $"{kind} tells losses of single rows, which privacy keeps from the server; remove one of them";
        }

        if (job.SecureAggregation is not null)
        {
            yield return $"{kind} goes by what single clients tell of their losses, which secureAggregation hides; remove one of them";
        }

        if (job.OptimizerSpec.Kind is OptimizerSpec.FedDyn or OptimizerSpec.Scaffold)
        {
            yield return $"{kind} changes what a client learns from round by round, and optimizer: {job.OptimizerSpec.Kind} remembers where its data pull; use another optimizer, or remove sampler";
        }

        if (job.OptimizerSpec.Kind is OptimizerSpec.FedGft)
        {
            yield return $"{kind} leaves rows out of training, and optimizer: fedgft weighs each against all others; use another optimizer, or remove sampler";
        }

        if (job.Personal is { Kind: PersonalSpec.Ditto })
        {
            yield return $"{kind} shortens training, and personal: ditto trains a second model on all rows; remove one of them";
        }
    }

    private static IEnumerable<string> AgainstRole(GraphIndex graph, RoleDraft role, string kind)
    {
        List<string> tags = [.. graph.TagsOf(role)];
        if (tags.Contains(FunctionTags.RingAllReduce))
        {
            yield return $"{kind} goes by what each client tells an aggregator, and {role} sums around a ring; remove sampler, or the ring";
        }
        else if (!tags.Contains(FunctionTags.Fetch))
        {
            yield return $"{kind} is for clients of an aggregator, and {role} fetches no model; remove sampler";
        }

        if (SettingsReader.Above(graph.Job.Training, role.Settings).Steps is not null)
        {
            yield return $"{kind} shortens training by leaving rows out, and {role} counts training.steps however few they are; use training.epochs";
        }

        foreach (var above in graph.ChannelsOf(role).SelectMany(channel => channel.Pair).Select(end => graph.Role(end.Value)).Where(end => end?.Program?.Value == Programs.AsynchronousAggregator))
        {
            yield return $"{kind} sets the deadline of rounds, which {above} has not; remove sampler, or the role's program";
        }
    }
}
