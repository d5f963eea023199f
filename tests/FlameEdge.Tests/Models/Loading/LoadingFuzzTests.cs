using System.Text;
using CsCheck;
using FlameEdge.Diagnostics;
using FlameEdge.Models.Loading;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

/// <summary>Whatever stands in a file: it loads, or it is refused with one line; no other exception comes out.</summary>
public class LoadingFuzzTests : TemporaryFiles
{
    private static readonly byte[] GoodCsv = Encoding.UTF8.GetBytes("year,wd,a,user,label\n2013,N,1.5,u1,x\n2014,SSW,,u2,y\n2015,\"E\",-2e3,u1,z\n");

    private static readonly byte[] GoodIdx = Idx([1, 2, 3, 4, 5, 6, 7, 8], 2, 2, 2);

    [Fact]
    public void Random_text_of_csv_letters_never_crashes_the_reader() =>
        Gen.Char[",\"\r\n01a.-\u00e9 "].Array[0, 60].Sample(text => Survives(Csv(Encoding.UTF8.GetBytes("a,label\n" + new string(text)), ".csv")));

    [Fact]
    public void Random_bytes_never_crash_any_reader() =>
        Gen.Byte.Array[0, 200].Sample(
            bytes =>
            {
                Survives(Csv(bytes, ".csv"));
                Survives(Csv(bytes, ".csv.gz"));
                Survives(Images(bytes, ".idx"));
                Survives(Images(bytes, ".idx.gz"));
            },
            iter: 100,
            threads: 1);

    [Fact]
    public void Mutated_files_never_crash_any_reader() =>
        Gen.Select(Gen.Int[0, 3], Gen.Select(Gen.Int[0, 500], Gen.Byte).Array[1, 4], Gen.Int[0, 500]).Sample(
            (kind, changes, length) =>
            {
                byte[] original = kind switch { 0 => GoodCsv, 1 => Packed(GoodCsv), 2 => GoodIdx, _ => Packed(GoodIdx) };
                var bytes = original[..Math.Max(1, original.Length - (length % 3 == 0 ? length % original.Length : 0))];
                foreach (var (at, value) in changes)
                {
                    bytes[at % bytes.Length] = value;
                }

                Survives(kind switch
                {
                    0 => Full(bytes, ".csv"),
                    1 => Full(bytes, ".csv.gz"),
                    2 => Images(bytes, ".idx"),
                    _ => Images(bytes, ".idx.gz"),
                });
            },
            iter: 600,
            threads: 1);

    private static void Survives(SourceSpec source)
    {
        foreach (var kind in new[] { "none", "local" })
        {
            try
            {
                new DatasetLoader().Load(ReferenceSpecs.Dataset(source, standardize: new StandardizeSpec { Kind = kind }));
            }
            catch (DatasetException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }

    private SourceSpec Csv(byte[] bytes, string extension) =>
        new() { Format = "csv", Paths = [Write($"{Guid.NewGuid():N}{extension}", bytes)], Label = "label" };

    private SourceSpec Full(byte[] bytes, string extension) => Csv(bytes, extension) with
    {
        Features = [new FeatureSpec { Column = "a" }, new FeatureSpec { Column = "wd", Kind = "compass" }, new FeatureSpec { Column = "year", Kind = "cycle", Period = 4 }],
        Rows = new RowsSpec { Before = [new("year", 2015)] },
    };

    private SourceSpec Images(byte[] bytes, string extension) => new()
    {
        Format = "idx",
        Paths = [Write($"{Guid.NewGuid():N}{extension}", bytes)],
        LabelsPath = Write($"{Guid.NewGuid():N}.labels", Idx([0, 1], 2)),
    };
}
