using FlameEdge.Models.Loading;

namespace FlameEdge.Collaborative.Bench.Loading;

/// <summary>Windows of a phone's acceleration while its user moves, 43 features; the owner is the user. After a concept shift the sensor's gain is 1.5.</summary>
internal static class ActivityRows
{
    private const double ShiftedGain = 1.5;
    private static readonly string[] s_levels = ["AVG", "ABSOLDEV", "STANDDEV", "RESULTANT"];

    public static StreamRows Load(string path, IReadOnlyList<string> classes)
    {
        string[] kinds = ["AVG", "PEAK", "ABSOLDEV", "STANDDEV"];
        string[] names = [.. "XYZ".SelectMany(axis => Enumerable.Range(0, 10).Select(i => $"{axis}{i}")), .. kinds.SelectMany(kind => "XYZ".Select(axis => $"{axis}{kind}")), "RESULTANT"];
        var table = CsvTable.Read(path, new CsvColumns([.. names, "user"], ["activity", "split"], [], FindNumbers: false));
        var columns = names.Select(table.Numbers).ToArray();
        var (split, activity, user) = (table.Texts("split"), table.Texts("activity"), table.Numbers("user"));
        int[] train = [.. Enumerable.Range(0, table.Count).Where(row => split.Distinct[split.Code(row)] == "train")];
        double[][] rows = [.. Enumerable.Range(0, table.Count).Select(row => columns.Select(column => column[row]).ToArray())];
        var normalisation = Normalisation.Of(rows, train, bound: 4);

        // The histogram's shares and the time between peaks know no gain.
        bool[] isLevel = [.. names.Select(name => s_levels.Any(level => name.EndsWith(level, StringComparison.Ordinal)))];
        return new StreamRows([names.Length], normalisation.Apply(rows), [.. Enumerable.Range(0, table.Count).Select(row => classes.ToList().IndexOf(activity.Distinct[activity.Code(row)]))])
        {
            Owner = row => (int)user[row],
            Shift = normalisation.Shift((feature, value) => isLevel[feature] ? ShiftedGain * value : value),
        };
    }
}
