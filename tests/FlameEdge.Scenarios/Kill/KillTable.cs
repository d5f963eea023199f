using System.Text;

namespace FlameEdge.Scenarios.Kill;

/// <summary>What died where, and what became of it: a Markdown table.</summary>
/// <param name="kept">What a run that passed has kept.</param>
internal sealed class KillTable(string kept = "bit-identical")
{
    private readonly SortedDictionary<(string Role, string Point), (int Kills, int Identical)> rows = [];
    private readonly List<string> failed = [];
    private int runs;

    /// <summary>Kills so far, each followed by a return.</summary>
    public int Cycles { get; private set; }

    /// <summary>Runs that did not end, ended otherwise or gave other bits.</summary>
    public int Failures => failed.Count;

    public void Add(string run, IReadOnlyList<(string Role, string Point)> kills, bool isIdentical)
    {
        runs++;
        Cycles += kills.Count;
        foreach (var kill in kills)
        {
            var row = rows.GetValueOrDefault(kill);
            rows[kill] = (row.Kills + 1, row.Identical + (isIdentical ? 1 : 0));
        }

        if (!isIdentical)
        {
            failed.Add(run);
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder($"| who died | where | kills | resumed, job {kept} |\n|---|---|---:|---:|\n");
        foreach (var ((role, point), (kills, identical)) in rows)
        {
            text.Append($"| {role} | {point} | {kills} | {identical} |\n");
        }

        text.Append($"| **all** | | **{Cycles}** | **{rows.Values.Sum(row => row.Identical)}** |\n\n");
        text.Append($"{runs} runs, {Cycles} kill cycles, {Failures} failed runs");
        return text.Append(failed.Count == 0 ? "." : $": {string.Join(", ", failed)}.").ToString();
    }
}
