using FlameEdge.Collaborative.Directory;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Messages;

/// <summary>
/// A request on the wire, to a directory and to a helper alike: version, number 4, flags (1 whole model, 2 with what is held), input contract 8, lineage 4, averaging 1, budget 4;
/// classes wanted (label 8, weight 4, with flag 2 what is held 8), counts (label 8, rows 4), workers excluded (length, name).
/// </summary>
internal static class RequestMessage
{
    private const byte Version = 1;
    private const int WholeModel = 1;
    private const int WithHeld = 2;
    private const int MostWanted = 64;
    private const int MostExcluded = 64;
    private const int LeastBudget = 64;
    private const int MostBudget = 1 << 20;

    public static byte[] Write(KnowledgeRequest request) => new WireWriter()
        .Byte(Version).Int(request.Number).Byte((byte)((request.WantsModel ? WholeModel : 0) | (Holds(request) ? WithHeld : 0)))
        .Long(request.InputContract).Int(request.Lineage).Byte((byte)request.AveragingFactor).Int((uint)request.BudgetBytes)
        .Items([.. request.Classes.Take(MostWanted)], Holds(request)
            ? static (writer, demand) => writer.Long(demand.LabelId).Number(demand.Weight).Long(demand.Held)
            : static (writer, demand) => writer.Long(demand.LabelId).Number(demand.Weight))
        .Items(request.Counts, static (writer, count) => writer.Long(count.Key).Int((uint)Math.Min(count.Value, uint.MaxValue)))
        .Items([.. request.Excluded.TakeLast(MostExcluded)], static (writer, worker) => writer.Worker(worker))
        .Bytes;

    /// <summary>The request that <paramref name="target"/> sent.</summary>
    /// <exception cref="PayloadException">The bytes are no request.</exception>
    public static KnowledgeRequest Read(ReadOnlySpan<byte> bytes, string target)
    {
        var reader = new WireReader(bytes, "request for knowledge");
        if (reader.Byte() is not Version and var version)
        {
            throw reader.Fault($"version {version} is unknown");
        }

        var (number, flags, contract, lineage, factor, budget) = (reader.Int(), reader.Byte(), reader.Long(), reader.Int(), reader.Byte(), reader.Int());
        if (factor is 0 or > 64 || budget is < LeastBudget or > MostBudget)
        {
            throw reader.Fault($"averaging over {factor} or a budget of {budget} bytes cannot be");
        }

        var holds = (flags & WithHeld) != 0;
        var classes = new ClassDemand[reader.Count(MostWanted, holds ? 20 : 12)];
        foreach (ref var demand in classes.AsSpan())
        {
            demand = new ClassDemand(reader.Long(), reader.Number(1e-6f, 1e9f)) { Held = holds ? reader.Long() : 0 };
        }

        var counts = new Dictionary<ulong, double>();
        for (var left = reader.Count(RecordMessage.MostClasses, 12); left > 0; left--)
        {
            counts[reader.Long()] = reader.Int();
        }

        var excluded = new string[reader.Count(MostExcluded, 2)];
        foreach (ref var worker in excluded.AsSpan())
        {
            worker = reader.Worker();
        }

        reader.End();
        var wantsModel = (flags & WholeModel) != 0;
        return classes.Length > 0 && classes.DistinctBy(demand => demand.LabelId).Count() == classes.Length
            ? new() { Number = number, Target = target, Classes = classes, WantsModel = wantsModel, Counts = counts, InputContract = contract, Lineage = lineage, AveragingFactor = factor, BudgetBytes = (int)budget, Excluded = excluded }
            : throw reader.Fault("it asks for nothing, or for a class twice");
    }

    private static bool Holds(KnowledgeRequest request) => request.Classes.Any(demand => demand.Held != 0);
}
