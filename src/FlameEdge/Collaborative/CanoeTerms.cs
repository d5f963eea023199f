using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative;

/// <summary>What a job's <c>canoe</c> section means: the preset, with what the job says above it.</summary>
public static class CanoeTerms
{
    /// <summary>How a site learns, asks and helps.</summary>
    public static CanoeSettings SettingsOf(CanoeSpec spec)
    {
        var basis = Preset(spec.Preset);
        return basis with
        {
            LearningRate = (float)Number(spec, "learningRate", basis.LearningRate),
            AloneRate = (float)Number(spec, "aloneRate", basis.AloneRate),
            AloneBatches = (int)Number(spec, "aloneBatches", basis.AloneBatches),
            SpecialistRate = (float)Number(spec, "specialistRate", basis.SpecialistRate),
            ReplayPerClass = (int)Number(spec, "replayPerClass", basis.ReplayPerClass),
            ReplayedRows = (int)Number(spec, "replayedRows", basis.ReplayedRows),
            HandOverExamples = (int)Number(spec, "handOver", basis.HandOverExamples),
            HardeningSteps = (int)Number(spec, "hardeningSteps", basis.HardeningSteps),
            AveragingFactor = (int)Number(spec, "averaging", basis.AveragingFactor),
            KeepsTwin = Number(spec, "keepsTwin", basis.KeepsTwin ? 1 : 0) != 0,
            AsksForDipped = Number(spec, "asksForDipped", basis.AsksForDipped ? 1 : 0) != 0,
            AsksToRefresh = Number(spec, "asksToRefresh", basis.AsksToRefresh ? 1 : 0) != 0,
            BorrowAtRise = Number(spec, "borrowAtRise", basis.BorrowAtRise),
            FreezeBatches = (int)Number(spec, "freezeBatches", basis.FreezeBatches),
            RequestTimeoutBatches = (int)Number(spec, "timeoutBatches", basis.RequestTimeoutBatches),
            ColdSpecialists = (int)Number(spec, "coldSpecialists", basis.ColdSpecialists),
            Collaborates = Number(spec, "collaborates", basis.Collaborates ? 1 : 0) != 0,
            Extraction = basis.Extraction with
            {
                Units = spec.Units ?? basis.Extraction.Units,
                BudgetBytes = (int)Number(spec, "budgetBytes", basis.Extraction.BudgetBytes),
                Examples = (int)Number(spec, "examples", basis.Extraction.Examples),
                RepairEpochs = (int)Number(spec, "repairEpochs", basis.Extraction.RepairEpochs),
                AlignedDeltas = (int)Number(spec, "alignedDeltas", basis.Extraction.AlignedDeltas),
                ScatteredWeights = (int)Number(spec, "scatteredWeights", basis.Extraction.ScatteredWeights),
                RefreshedValues = (int)Number(spec, "refreshedValues", basis.Extraction.RefreshedValues),
                Significance = Criterion(spec.Significance),
            },
        };
    }

    /// <summary>Who may help whom.</summary>
    public static DirectorySettings DirectoryOf(CanoeSpec spec)
    {
        var basis = new DirectorySettings();
        return basis with
        {
            LeastCount = Number(spec, "leastCount", basis.LeastCount),
            LeastRecall = Number(spec, "leastRecall", basis.LeastRecall),
            OldestRecord = spec.OldestRecord,
            Denied = spec.Denied,
        };
    }

    private static ISignificance Criterion(string name) => name switch
    {
        "fisher" => new FisherSignificance(),
        "activation" => new ActivationSignificance(),
        "magnitude" => new MagnitudeSignificance(),
        _ => new TaylorSignificance(),
    };

    private static double Number(CanoeSpec spec, string key, double otherwise) => spec.Numbers.GetValueOrDefault(key, otherwise);

    private static CanoeSettings Preset(string name) => name switch
    {
        "images" => CanoeSettings.ForImages,
        "sensors" => CanoeSettings.ForSensors,
        "few-inputs" => CanoeSettings.ForFewInputs,
        "broad-drift" => CanoeSettings.ForBroadDrift,
        _ => new CanoeSettings(),
    };
}
