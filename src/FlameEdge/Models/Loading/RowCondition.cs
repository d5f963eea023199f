using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>The conditions by column of a <see cref="RowsSpec"/>, bound to one table.</summary>
internal sealed class RowCondition(RowsSpec rows, CsvTable table)
{
    private readonly (TextColumn Column, int Code)[] _where =
        [.. rows.Where.Select(pair => (table.Texts(pair.Key), table.Texts(pair.Key).CodeOf(pair.Value)))];

    private readonly (double[] Values, double Bound)[] _from = [.. rows.From.Select(bound => (table.Numbers(bound.Key), bound.Value))];

    private readonly (double[] Values, double Bound)[] _before = [.. rows.Before.Select(bound => (table.Numbers(bound.Key), bound.Value))];

    /// <summary>True where the row passes all of them; one that lacks a compared number does not.</summary>
    public bool Holds(int row)
    {
        foreach (var (column, code) in _where)
        {
            if (column.Code(row) != code)
            {
                return false;
            }
        }

        return (_from.Length == 0 || Compare(_from, row) >= 0) && (_before.Length == 0 || Compare(_before, row) < 0);
    }

    // Like a date: the first column that differs decides. Null where a number is missing, which is neither before nor after.
    private static int? Compare((double[] Values, double Bound)[] bounds, int row)
    {
        foreach (var (values, bound) in bounds)
        {
            if (double.IsNaN(values[row]))
            {
                return null;
            }

            if (values[row] != bound)
            {
                return values[row] < bound ? -1 : 1;
            }
        }

        return 0;
    }
}
