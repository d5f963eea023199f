using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Flame;

/// <summary>Binds Flame's dataSpec: which role learns from which datasets, by group.</summary>
internal static class FlameDataSpec
{
    /// <summary>Dataset groups by the safe name of their role, with the place where the role is named.</summary>
    public static Dictionary<string, (SpecScalar Name, List<DatasetGroupDraft> Groups)> Read(SpecSequence dataSpec, SpecProblems problems)
    {
        var byRole = new Dictionary<string, (SpecScalar, List<DatasetGroupDraft>)>(StringComparer.Ordinal);
        foreach (var item in dataSpec.Items)
        {
            if (item is not SpecMapping mapping)
            {
                problems.Add(item, $"dataSpec: an item is {item.Kind}, but must be a mapping with role and datasetGroups");
                continue;
            }

            var entry = new Fields(mapping, "dataSpec", FlameKeys.DataSpec, problems);
            if (JobReader.Required(entry, "role", "name the role that learns from these datasets") is not { } role)
            {
                continue;
            }

            if (!byRole.TryAdd(Naming.Mention(role).Value, (role, ReadDatasetGroups(entry))))
            {
                problems.Add(role, $"dataSpec: two entries are for role '{role.Text}'; join them into one");
            }
        }

        return byRole;
    }

    private static List<DatasetGroupDraft> ReadDatasetGroups(Fields entry)
    {
        var groups = new List<DatasetGroupDraft>();
        foreach (var (label, value) in entry.Mapping("datasetGroups")?.Entries ?? [])
        {
            if (SpecMapping.IsComment(label.Text))
            {
                continue;
            }

            if (value is not SpecSequence list)
            {
                entry.Wrong(value, $"datasetGroups '{label.Text}'", "a list of dataset ids");
                continue;
            }

            var ids = new List<LocatedName>(list.Items.Count);
            foreach (var item in list.Items)
            {
                if (item is SpecScalar { IsNull: false } id)
                {
                    ids.Add(Naming.Mention(id));
                }
                else
                {
                    entry.Wrong(item, $"datasetGroups '{label.Text}'", "a list of dataset ids");
                }
            }

            groups.Add(new(Naming.Mention(label), ids));
        }

        return groups;
    }
}
