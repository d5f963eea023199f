using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>Who learns from which dataset: every dataset exists, belongs to one worker of the role, and leads to exactly one association.</summary>
internal static class DatasetChecks
{
    public static void Check(GraphIndex graph)
    {
        var job = graph.Job;
        // A stored stream brings the rows of all its sites.
        if (job.Canoe.Stream is null && job.Roles.Count > 0 && job.Roles.TrueForAll(role => !role.IsDataConsumer))
        {
            graph.Problems.Add(job.Root, "no role consumes data; set isDataConsumer: true on the one that learns");
        }

        if (job.Evaluation is { } evaluation && !job.Datasets.ContainsKey(new(evaluation.Value)))
        {
            graph.Problems.Add(evaluation.Node, $"evaluation names the unknown dataset '{evaluation.Value}'; declare it under datasets{Hint(graph, evaluation.Value)}");
        }

        foreach (var role in graph.Roles)
        {
            if (role.IsDataConsumer)
            {
                CheckConsumer(graph, role);
                continue;
            }

            role.Resolved.ForEach(association => association.WorkerCount = role.Replica);
            if (role.DatasetGroups is [var first, ..])
            {
                graph.Problems.Add(first.Group.Node, $"{role} consumes no data but is given datasets; set isDataConsumer: true, or give them to another role");
            }
        }
    }

    private static void CheckConsumer(GraphIndex graph, RoleDraft role)
    {
        if (role.DatasetGroups is not { } groups)
        {
            return;
        }

        if (groups.Count == 0)
        {
            graph.Problems.Add(role.Name.Node, $"{role} consumes data but has no datasets; give it some, by group");
        }

        var byLabel = new AssociationLookup(role);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            CheckDatasets(graph, role, group, taken);
            if (role.Resolved.Count == 0)
            {
                continue;
            }

            var found = byLabel.Find(group.Group.Value, out var isAmbiguous);
            if (found is null)
            {
                graph.Problems.Add(group.Group.Node, $"{role}: no groupAssociation knows the dataset group '{group.Group.Value}'; add one that names it, or rename the group{graph.Problems.Hint(group.Group.Value, byLabel.Labels)}");
            }
            else if (isAmbiguous)
            {
                graph.Problems.Add(group.Group.Node, $"{role}: the dataset group '{group.Group.Value}' fits several groupAssociations; use a label that only one of them names");
            }
            else
            {
                found.WorkerCount += group.Datasets.Count;
            }
        }
    }

    private static void CheckDatasets(GraphIndex graph, RoleDraft role, DatasetGroupDraft group, HashSet<string> taken)
    {
        if (group.Datasets.Count == 0)
        {
            graph.Problems.Add(group.Group.Node, $"{role}: the dataset group '{group.Group.Value}' is empty; name its datasets, or remove it");
        }

        foreach (var dataset in group.Datasets)
        {
            if (!graph.Job.Datasets.ContainsKey(new(dataset.Value)))
            {
                graph.Problems.Add(dataset.Node, $"{role}: unknown dataset '{dataset.Value}' in group '{group.Group.Value}'; declare it under datasets{Hint(graph, dataset.Value)}");
            }
            else if (!taken.Add(dataset.Value))
            {
                graph.Problems.Add(dataset.Node, $"{role}: the dataset '{dataset.Value}' is given twice; one worker learns from it, so name it once");
            }
        }
    }

    private static string Hint(GraphIndex graph, string name) => graph.Problems.Hint(name, graph.Job.Datasets.Keys.Select(id => id.Value));
}

/// <summary>From a dataset group's label to the association that names it on any channel.</summary>
internal sealed class AssociationLookup
{
    private readonly Dictionary<string, (ResolvedAssociation First, bool IsAmbiguous)> byLabel = new(StringComparer.Ordinal);

    public AssociationLookup(RoleDraft role)
    {
        foreach (var association in role.Resolved)
        {
            foreach (var label in association.Groups.Values.Select(group => group.Value).Distinct(StringComparer.Ordinal))
            {
                if (!byLabel.TryAdd(label, (association, false)) && !byLabel[label].IsAmbiguous && !byLabel[label].First.IsSameAs(association))
                {
                    byLabel[label] = (byLabel[label].First, true);
                }
            }
        }
    }

    public IEnumerable<string> Labels => byLabel.Keys;

    public ResolvedAssociation? Find(string label, out bool isAmbiguous)
    {
        isAmbiguous = byLabel.TryGetValue(label, out var found) && found.IsAmbiguous;
        return found.First;
    }
}
