using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Running;

/// <summary>What the bits of a model hold for: framework, engines, instruction set.</summary>
internal static class RuntimeText
{
    /// <summary>Of these workers of a job; loads the engines they use.</summary>
    public static string Of(JobPlan plan, IEnumerable<WorkerId> workers, IReadOnlyList<IEngine> engines)
    {
        var names = workers
            .Select(worker => plan.Find(worker)!.Role).Distinct() // not null: the runner has run them
            .Select(role => plan.Job.TrainingOf(role).Runtime ?? engines[0].Name).Distinct()
            .Select(name => engines.FirstOrDefault(engine => engine.Name == name) is { } engine ? $"{engine.Name} {engine.Version}" : name);
        return $"{RuntimeInformation.FrameworkDescription}; {string.Join(", ", names)}; {RuntimeInformation.ProcessArchitecture} {Vectors}";
    }

    private static string Vectors => Avx512DQ.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : "baseline";
}
