using FlameEdge.Diagnostics;

namespace FlameEdge.Topology;

/// <summary>From a job to its workers: pure, deterministic, and linear in the number of workers whatever the number of groups.</summary>
/// <remarks>
/// The order is Flame's: roles by name; a data consumer's workers by dataset group, then in the order of the group; another role's by replica, then by association.
/// </remarks>
public static class Expansion
{
    /// <summary>All workers of <paramref name="job"/>.</summary>
    /// <exception cref="TopologyException">A dataset group leads to no association, or to a dataset the job does not have. Jobs made by a reader are checked already.</exception>
    public static JobPlan Expand(JobSpec job)
    {
        var workers = new List<WorkerPlan>(job.Graph.Roles.Sum(CountOf));
        foreach (var role in job.Graph.Roles.OrderBy(role => role.Name.Value, StringComparer.Ordinal))
        {
            if (role.IsDataConsumer)
            {
                AddConsumers(workers, job, role);
            }
            else
            {
                AddReplicas(workers, role);
            }
        }

        return new(job, workers);
    }

    /// <summary>How many workers a role has.</summary>
    public static int CountOf(RoleSpec role) => role.IsDataConsumer
        ? role.DatasetGroups.Values.Sum(datasets => datasets.Count)
        : Math.Max(1, role.Replica) * role.GroupAssociation.Count;

    private static void AddConsumers(List<WorkerPlan> workers, JobSpec job, RoleSpec role)
    {
        var associations = ByLabel(role);
        var index = 0;
        foreach (var (label, datasets) in role.DatasetGroups.OrderBy(group => group.Key.Value, StringComparer.Ordinal))
        {
            if (!associations.TryGetValue(label, out var groups))
            {
                throw new TopologyException($"role '{role.Name}': no groupAssociation knows the dataset group '{label}'; add one that names it");
            }

            foreach (var dataset in datasets)
            {
                if (!job.Datasets.TryGetValue(dataset, out var spec))
                {
                    throw new TopologyException($"role '{role.Name}': unknown dataset '{dataset}' in group '{label}'; declare it under datasets");
                }

                workers.Add(new()
                {
                    Id = WorkerId.Of(role.Name, index++),
                    Role = role.Name,
                    Dataset = dataset,
                    Agent = spec.Agent,
                    Groups = groups,
                });
            }
        }
    }

    private static void AddReplicas(List<WorkerPlan> workers, RoleSpec role)
    {
        var index = 0;
        for (var replica = 0; replica < Math.Max(1, role.Replica); replica++)
        {
            foreach (var groups in role.GroupAssociation)
            {
                workers.Add(new() { Id = WorkerId.Of(role.Name, index++), Role = role.Name, Groups = groups });
            }
        }
    }

    /// <summary>The first association that names a label on any channel; a search per dataset group would cost groups squared.</summary>
    private static Dictionary<GroupName, IReadOnlyDictionary<ChannelName, GroupName>> ByLabel(RoleSpec role)
    {
        var byLabel = new Dictionary<GroupName, IReadOnlyDictionary<ChannelName, GroupName>>();
        foreach (var association in role.GroupAssociation)
        {
            foreach (var label in association.Values)
            {
                byLabel.TryAdd(label, association);
            }
        }

        return byLabel;
    }
}
